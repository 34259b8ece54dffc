/** Whether keys belong to what has the focus, and are no shortcuts. */
export const typing = (target: EventTarget | null): boolean =>
  target instanceof Element && target.closest('input, textarea, select, dialog, [role="slider"]') !== null

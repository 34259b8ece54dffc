/** Light, dark, or what the system says. `theme.js` applies it before anything is painted. */

import { recall, remember } from '../storage'

export type Theme = 'system' | 'light' | 'dark'

export const theme = (): Theme => (recall('theme') || 'system') as Theme

export function chooseTheme(wanted: Theme): void {
  const chosen = wanted === 'system' ? '' : wanted
  remember('theme', chosen)
  if (chosen) document.documentElement.dataset.theme = chosen
  else delete document.documentElement.dataset.theme
}

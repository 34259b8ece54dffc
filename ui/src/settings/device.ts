const BROWSERS: [RegExp, string][] = [
  [/Firefox\//, 'Firefox'],
  [/Edg\//, 'Edge'],
  [/Chrome\//, 'Chrome'],
  [/Safari\//, 'Safari'],
]
const SYSTEMS: [RegExp, string][] = [
  [/iPhone/, 'iPhone'],
  [/iPad/, 'iPad'],
  [/Android/, 'Android'],
  [/Mac OS X/, 'macOS'],
  [/Windows/, 'Windows'],
  [/Linux/, 'Linux'],
]

const named = (names: [RegExp, string][], label: string): string => names.find(([sign]) => sign.test(label))?.[1] ?? ''

/** What a person calls the device that sent this User-Agent; anything else is shown as it is. */
export const deviceOf = (label: string): string =>
  [named(BROWSERS, label), named(SYSTEMS, label)].filter(Boolean).join(' · ') || label

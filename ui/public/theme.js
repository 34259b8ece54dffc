// Before anything is painted, so that a chosen theme never flashes.
try {
  const theme = localStorage.getItem('calotype.theme')
  if (theme) document.documentElement.dataset.theme = theme
} catch {
  // Storage may be forbidden; the system's theme is shown then.
}

import '@fontsource-variable/figtree/wght.css'
import './design/tokens.css'
import './design/base.css'
import { mount } from 'svelte'
import App from './App.svelte'
import { session } from './account/session.svelte'
import { startLanguage } from './i18n/language.svelte'

void session.start()
await startLanguage()
mount(App, { target: document.getElementById('app')! })
if (import.meta.env.PROD) void navigator.serviceWorker?.register('/sw.js')

import { svelte } from '@sveltejs/vite-plugin-svelte'
import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { brotliCompressSync, gzipSync } from 'node:zlib'
import { defineConfig, type Plugin } from 'vite'

const server = process.env.CALOTYPE_URL ?? 'http://127.0.0.1:8000'

const proxy = Object.fromEntries(['/api', '/media', '/schema'].map((path) => [path, server]))

const FIRST_LOAD =
  /node_modules\/(svelte|openapi-fetch|esm-env|clsx)|src\/(api|feed|media|shell|live)\/|src\/people\/(Follow|PersonRow|Skel|Sugg)|src\/post\/(?!PostPage|EditPost)|src\/offline\/(?!worker)|src\/account\/session|src\/(router|storage)|i18n\/(en|lang)/

/** Writes the list of the shell's files, and a name for this very set, into the service worker. */
function precache(): Plugin {
  return {
    name: 'precache',
    generateBundle(_, bundle) {
      const worker = bundle['sw.js']
      if (worker?.type !== 'chunk') return
      const files = Object.keys(bundle).filter((name) => name.startsWith('assets/'))
      const shell = ['/', '/theme.js', '/favicon.svg', '/manifest.webmanifest', ...files.map((name) => `/${name}`).sort()]
      const version = createHash('sha256').update(shell.join()).digest('hex').slice(0, 12)
      worker.code = worker.code
        .replace('__SHELL__', JSON.stringify(shell))
        .replace('__VERSION__', JSON.stringify(version))
    },
  }
}

/** Lays compressed twins beside what is worth it; the server chooses by what the browser takes. They are made of
 * the files as they were written: other plugins change the bundle until then. */
function compress(): Plugin {
  return {
    name: 'compress',
    writeBundle({ dir }, bundle) {
      for (const name of Object.keys(bundle).filter((name) => /\.(js|css)$/.test(name))) {
        const path = `${dir}/${name}`
        const bytes = readFileSync(path)
        writeFileSync(`${path}.gz`, gzipSync(bytes, { level: 9 }))
        writeFileSync(`${path}.br`, brotliCompressSync(bytes))
      }
    },
  }
}

export default defineConfig({
  plugins: [svelte(), precache(), compress()],
  build: {
    outDir: process.env.CALOTYPE_UI_OUT ?? '../src/calotype/web/static',
    emptyOutDir: true,
    target: 'es2022',
    // A data: URL would be kept out by the Content-Security-Policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rollupOptions: {
      input: { index: 'index.html', sw: 'src/offline/worker.ts' },
      output: {
        // One file for all that the feed needs, rather than a dozen that wait for each other on a slow line.
        codeSplitting: { groups: [{ name: 'shell', test: FIRST_LOAD }] },
        entryFileNames: (chunk) => (chunk.name === 'sw' ? 'sw.js' : 'assets/[name]-[hash].js'),
      },
    },
  },
  server: { proxy },
  preview: { proxy },
  test: { include: ['tests/**/*.test.ts'] },
} as Parameters<typeof defineConfig>[0])

/** Bundles the command line, the worker and the public API into dist/. Assets are read from where they stand. */
import { chmod, rm } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { build } from 'esbuild';
import { commonJsOnDemand } from './dynamic-imports.ts';

await rm('dist', { recursive: true, force: true });
const { metafile } = await build({
  metafile: true,
  entryPoints: [
    'src/cli/main.ts',
    'src/worker/main.ts',
    'src/ml/data/batch-thread.ts',
    'src/plugin.ts',
    'src/ml/describe-plugin.ts',
    'src/report/plots/draw-apart.ts',
    'src/report/tables/render-apart.ts',
    'src/ml/engines/self-test/prove.ts',
    'src/ml/engines/native/prove.ts',
    'src/api.ts',
  ].filter((entry) => existsSync(entry)),
  outdir: 'dist',
  outbase: 'src',
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  mainFields: ['module', 'main'],
  // sharp: native code. canvas: Vega would measure text with it, which we do not want.
  external: ['sharp', 'canvas'],
  chunkNames: 'chunks/[name]-[hash]',
  legalComments: 'none',
  // Less text to read at every start; names stay for stack traces.
  minifyWhitespace: true,
  minifySyntax: true,
  // Bundled CommonJS packages (ajv, handlebars) call require for Node's own modules.
  banner: {
    js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
  },
  logLevel: 'warning',
});
// The dashboard's page runs in a browser: two scripts and a style sheet, which a report holds in its own text.
await build({
  entryPoints: ['page.tsx', 'plots.ts', 'page.css'].map((name) => `src/dashboard/page/${name}`),
  outdir: 'dist/dashboard/page',
  bundle: true,
  format: 'iife',
  platform: 'browser',
  target: ['es2022', 'chrome109', 'firefox115', 'safari16.4'],
  jsx: 'automatic',
  jsxImportSource: 'preact',
  legalComments: 'none',
  minify: true,
  logLevel: 'warning',
});
// The page of an exported network resizes pictures with our own kernel, whose bytes its script holds.
await build({
  entryPoints: ['src/ml/export/tfjs/page/page.ts'],
  outdir: 'dist/ml/export/tfjs',
  bundle: true,
  format: 'iife',
  platform: 'browser',
  target: ['es2022', 'chrome109', 'firefox115', 'safari16.4'],
  loader: { '.wasm': 'binary' },
  plugins: [
    {
      name: 'kernel in the script',
      setup(script) {
        script.onLoad({ filter: /resize-kernel\.ts$/ }, () => ({
          contents: "import kernel from './kernels/resize.wasm'; export const resizeKernel = () => kernel;",
          resolveDir: 'src/ml/augment',
        }));
      },
    },
  ],
  legalComments: 'none',
  minify: true,
  logLevel: 'warning',
});
const broken = commonJsOnDemand(metafile);
if (broken.length)
  throw new Error(
    `${broken.join('\n')}: it is CommonJS, of which esbuild gives a dynamic import no named export; ` +
      'import it statically in a module of ours, and that one dynamically',
  );
if (existsSync('dist/cli/main.js')) await chmod('dist/cli/main.js', 0o755);

import { htmlText } from '../../../util/html-text.ts';

/**
 * The page beside a graph model. It loads TensorFlow.js from a file beside it, and nothing from elsewhere.
 *
 * @param model - name of the network
 * @returns HTML
 */
export function pageOf(model: string): string {
  const name = htmlText(model);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${name}</title>
<style>
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 40rem; margin: 2rem auto; padding: 0 1rem; }
label { display: block; border: 2px dashed; border-radius: .5rem; padding: 2rem; text-align: center; cursor: pointer; }
label.over { background: color-mix(in srgb, currentColor 10%, transparent); }
canvas { display: block; margin: 1rem auto; min-width: 14rem; image-rendering: pixelated; }
td { padding-right: 1rem; }
td:last-child { text-align: right; font-variant-numeric: tabular-nums; }
</style>
</head>
<body>
<h1>${name}</h1>
<label id="drop">Drop a picture here, or choose one: <input id="file" type="file" accept="image/*"></label>
<p id="status" role="status">Loading …</p>
<canvas id="shown" width="0" height="0" aria-label="the picture as the network sees it"></canvas>
<table><tbody id="classes"></tbody></table>
<script src="tf.min.js"></script>
<script src="page.js"></script>
</body>
</html>
`;
}

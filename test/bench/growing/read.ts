/** Reads training batches of a packed set: arguments are its folder, batch size and number; prints images a second. */
import { batchLoaderFor } from '../../../src/ml/data/batch-loader-for.ts';
import { openPacked } from '../../../src/ml/data/open.ts';
import { unchanged } from '../../support/train-options.ts';

const [folder = '', size, batches] = process.argv.slice(2);
const [batchSize, wanted] = [Number(size), Number(batches)];
const data = openPacked(folder);
const options = { ...unchanged, batchSize, seed: 0, crop: 'random', flip: true } as const;
const loader = batchLoaderFor(data, folder, options, { threads: 2, takesPixels: false });
const started = performance.now();
let images = 0;
for (let batch = 0; batch < wanted; batch++) {
  const { labels } = await loader.take(Math.floor(batch / loader.count), batch % loader.count);
  images += labels.length;
}
console.log((1000 * images) / (performance.now() - started));
await loader.close();
data.close();

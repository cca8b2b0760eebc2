/**
 * Sets tfjs up for distillation terms: CPU kernels, gradients, no advertisement. Imported for its effect, by the
 * interpreter alone, which a distilling stage loads: nobody else pays for a tensor library.
 */
import '@tensorflow/tfjs-backend-cpu';
import '@tensorflow/tfjs-core/dist/register_all_gradients.js';
import { env, setBackend } from '@tensorflow/tfjs-core';
import { registerBroadcasting } from './broadcasting.ts';
import { registerMatrixProduct } from './matrix-product.ts';

// Without this the CPU backend recommends tfjs-node on the console, which belongs to the pipeline's progress.
env().set('PROD', true);
if (!(await setBackend('cpu'))) throw new Error('the CPU backend of tfjs did not start');
registerBroadcasting();
registerMatrixProduct();

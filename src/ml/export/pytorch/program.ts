import type { Layer, Network } from '../../network/network.ts';
import type { TrainedModel } from '../../inference/trained-model.ts';
import { picturesOf } from '../pictures.ts';

type LayerOf<Kind extends Layer['kind']> = Extract<Layer, { readonly kind: Kind }>;

/** A value as Python writes it; texts of JSON are Python's, too. */
const python = (value: number | string | readonly unknown[]): string => JSON.stringify(value).replaceAll(',', ', ');

const tensor = (layer: number): string => `x${layer}`;

/** The module of a layer that owns parameters; undefined for others. */
function moduleOf(layer: Layer): string | undefined {
  switch (layer.kind) {
    case 'conv': {
      const { inChannels, outChannels, kernel, stride, padding, dilation, groups, bias } = layer;
      const options = { stride, padding, dilation, groups };
      const usual = { stride: 1, padding: 0, dilation: 1, groups: 1 };
      const said = Object.entries(options).filter(([name, value]) => value !== usual[name as keyof typeof usual]);
      const words = [inChannels, outChannels, kernel, ...said.map(([name, value]) => `${name}=${value}`)];
      return `nn.Conv2d(${[...words, ...(bias ? [] : ['bias=False'])].join(', ')})`;
    }
    case 'batch-norm':
      return `nn.BatchNorm2d(${layer.shape.channels}, eps=${layer.eps}, momentum=${layer.momentum})`;
    case 'linear':
      return `nn.Linear(${layer.inFeatures}, ${layer.outFeatures})`;
    default:
      return undefined;
  }
}

const FUNCTIONS = {
  relu: 'F.relu',
  relu6: 'F.relu6',
  silu: 'F.silu',
  sigmoid: 'torch.sigmoid',
  'hard-sigmoid': 'F.hardsigmoid',
} as const satisfies Record<LayerOf<'activation'>['function'], string>;

function pooled({ mode, kernel, stride, padding, countPadding }: LayerOf<'pool'>, x: string): string {
  const window = `${x}, ${kernel}, ${stride}, ${padding}`;
  if (mode === 'max') return `F.max_pool2d(${window})`;
  return `F.avg_pool2d(${window}, count_include_pad=${countPadding ? 'True' : 'False'})`;
}

function joined({ interleaved }: LayerOf<'concat'>, inputs: readonly string[]): string {
  // Channel c of part k becomes channel c · parts + k.
  return interleaved ? `torch.stack([${inputs.join(', ')}], 2).flatten(1, 2)` : `torch.cat([${inputs.join(', ')}], 1)`;
}

/** What a layer makes of its inputs, as a Python expression. */
function expressionOf(layer: Exclude<Layer, { readonly kind: 'input' }>): string {
  const inputs = layer.inputs.map(tensor);
  const [x = ''] = inputs;
  switch (layer.kind) {
    case 'conv':
    case 'batch-norm':
      return `layers[${python(layer.name)}](${x})`;
    case 'linear':
      return `layers[${python(layer.name)}](${x}.flatten(1))`;
    case 'activation':
      return `${FUNCTIONS[layer.function]}(${x})`;
    case 'pool':
      return pooled(layer, x);
    case 'global-average-pool':
      return `${x}.mean((2, 3), keepdim=True)`;
    case 'add':
      return inputs.join(' + ');
    case 'multiply':
      return inputs.join(' * ');
    case 'concat':
      return joined(layer, inputs);
    case 'slice':
      return `${x}[:, ${layer.from}:${layer.from + layer.shape.channels}]`;
    case 'dropout':
      return `F.dropout(${x}, ${layer.rate}, self.training)`;
    case 'stochastic-depth':
      return `stochastic_depth(${x}, ${layer.rate}, self.training)`;
  }
}

const STOCHASTIC_DEPTH = `

def stochastic_depth(x, rate, training):
    """Leaves out whole images of a branch, in training."""
    if not training or rate == 0:
        return x
    return x * torch.empty(len(x), 1, 1, 1, device=x.device).bernoulli_(1 - rate).div_(1 - rate)
`;

function networkLines({ layers, model, taps }: Network): string {
  const modules = layers.flatMap((layer) => {
    const module = moduleOf(layer);
    return module === undefined ? [] : [`            ${python(layer.name)}: ${module},`];
  });
  const steps = layers.flatMap((layer, at) =>
    layer.kind === 'input' ? [] : [`        ${tensor(at)} = ${expressionOf(layer)}`],
  );
  const named = Object.entries(taps).map(([name, at]) => `            ${python(name)}: ${tensor(at)},`);
  const first = layers.findIndex((layer) => layer.kind === 'input');
  const needsDepth = layers.some((layer) => layer.kind === 'stochastic-depth');
  return `${needsDepth ? STOCHASTIC_DEPTH : ''}

class Network(nn.Module):
    """${model}: normalised images [N, 3, IMAGE_SIZE, IMAGE_SIZE] to logits [N, classes]."""

    def __init__(self):
        super().__init__()
        layers = {
${modules.join('\n')}
        }
        for name, module in layers.items():
            *path, leaf = name.split(".")
            parent = self
            for part in path:
                if not hasattr(parent, part):
                    parent.add_module(part, nn.Module())
                parent = getattr(parent, part)
            parent.add_module(leaf, module)

    def maps(self, ${tensor(first)}):
        """Maps by the names under which distillation finds them, and the logits."""
        layers = dict(self.named_modules())
${steps.join('\n')}
        return {
${named.join('\n')}
        }

    def forward(self, images):
        return self.maps(images)["logits"]
`;
}

/**
 * A PyTorch program that builds a network, loads its weights and shows it pictures as it was trained to see them. It needs torch
 * alone, and torchvision for pictures; names of modules are those of the state dict.
 *
 * @param model - the network
 * @param weights - name of the file of weights beside it
 * @returns Python's source
 */
export function torchProgram(model: TrainedModel, weights: string): string {
  const { imageSize, resize, interpolation, mean, std } = picturesOf(model);
  const facts = { CLASSES: model.classes, IMAGE_SIZE: imageSize, RESIZE: resize, MEAN: mean, STD: std };
  const constants = Object.entries(facts).map(([name, value]) => `${name} = ${python(value)}`);
  return `"""${model.network.model}, trained by kdpipe: \`from model import load, predict\`, or \`python model.py IMAGE ...\`."""

import pathlib
import sys

import torch
import torch.nn.functional as F
from torch import nn

${constants.join('\n')}
${networkLines(model.network)}

def load(path=pathlib.Path(__file__).with_name(${python(weights)})):
    """The trained network, ready to be used."""
    network = Network()
    network.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
    return network.eval()


def preprocess(picture):
    """A picture of PIL as the network was trained to see it: [3, IMAGE_SIZE, IMAGE_SIZE]."""
    from torchvision.transforms import v2 as T

    steps = [
        T.Resize(RESIZE, T.InterpolationMode.${interpolation.toUpperCase()}),
        T.CenterCrop(IMAGE_SIZE),
        T.PILToTensor(),
        T.ToDtype(torch.float32, scale=True),
        T.Normalize(MEAN, STD),
    ]
    return T.Compose(steps)(picture.convert("RGB"))


@torch.inference_mode()
def predict(network, paths, top=5):
    """The likeliest classes of each picture, and how likely each is."""
    from PIL import Image

    images = torch.stack([preprocess(Image.open(path)) for path in paths])
    chances, labels = network(images).softmax(1).topk(min(top, len(CLASSES)))
    return [
        [(CLASSES[label], chance) for label, chance in zip(*each)] for each in zip(labels.tolist(), chances.tolist())
    ]


if __name__ == "__main__":
    for path, found in zip(sys.argv[1:], predict(load(), sys.argv[1:])):
        print(path, *(f"{name} {chance:.4f}" for name, chance in found), sep="\\t")
`;
}

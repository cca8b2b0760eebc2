import type { ParamSchema, ParamSchemas } from '../../params/param-schema.ts';

const checksum = (name: string) =>
  ({
    type: 'string',
    description: `${name} of the file, hexadecimal: another file is refused. The file itself then tells whether it is right.`,
  }) as const satisfies ParamSchema;

/** Parameters of a fetch. */
export const fetchParams = {
  url: {
    type: 'string',
    minLength: 1,
    description: 'Address of the file: https://…, http://… or hf:owner/repo[@revision]/path/in/repo.',
    examples: ['https://example.org/images.tgz', 'hf:timm/resnet18.a1_in1k/model.safetensors'],
  },
  md5: checksum('MD5'),
  sha256: checksum('SHA-256'),
  name: { type: 'string', description: 'Name of the file. The last part of the address by default.' },
} as const satisfies ParamSchemas;

/** What a fetch must have. */
export const fetchRequired = ['url'] as const;

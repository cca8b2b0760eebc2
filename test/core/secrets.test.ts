import { describe, expect, it } from 'vitest';
import { isSecretName, redactor } from '../../src/core/secrets.ts';

it.each([
  'HF_TOKEN',
  'WANDB_API_KEY',
  'DB_PASSWORD',
  'PASSWORD_FILE',
  'CLIENT_SECRET',
  'aws_secret_access_key',
  'X_TOKENS',
])('%s names a secret', (name) => expect(isSecretName(name)).toBe(true));
it.each(['SEED', 'TOKENIZER', 'KEYBOARD', 'MONKEY', 'KEY', 'MAX_TOKENS_SEEN'])('%s names none', (name) =>
  expect(isSecretName(name)).toBe(false),
);

describe('what is redacted', () => {
  const { text, json, jsonText } = redactor(['hunter2"x', 'hunter2"xyz', 'short', 'tiny']);

  it('has no secret in texts, and none in JSON, where signs are escaped', () => {
    expect(text('a hunter2"xyz b hunter2"x')).toBe('a *** b ***');
    expect(json({ a: ['hunter2"x'], 'hunter2"x': 1 })).toEqual({ a: ['***'], '***': 1 });
    expect(jsonText(JSON.stringify('hunter2"x'))).toBe('"***"');
  });

  it('keeps words that are too short to be told from others, and everything where there are no secrets', () => {
    expect(text('short and tiny')).toBe('short and tiny');
    const value = { a: 1 };
    expect(redactor().json(value)).toBe(value);
  });
});

import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { PUBLIC_HUB } from '../util/public-hub.ts';

/** Where the hub is, and who asks. */
export interface HubAccess {
  /** Without a slash at its end. */
  readonly endpoint: string;
  /** Sent to the hub alone, and never shown. */
  readonly token: string | undefined;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** A variable of the environment; an empty one is none. */
const valueOf = (environment: Environment, name: string): string | undefined => environment[name]?.trim() || undefined;

/** What the hub's own programs have written when somebody logged in. */
function keptToken(environment: Environment): string | undefined {
  const cache = valueOf(environment, 'XDG_CACHE_HOME') ?? join(homedir(), '.cache');
  const home = valueOf(environment, 'HF_HOME') ?? join(cache, 'huggingface');
  try {
    return readFileSync(valueOf(environment, 'HF_TOKEN_PATH') ?? join(home, 'token'), 'utf8').trim() || undefined;
  } catch {
    return undefined;
  }
}

/**
 * Finds the hub and the token of whoever asks, where the hub's own programs look for them.
 *
 * @param environment - variables of the environment: HF_ENDPOINT, HF_TOKEN, HF_HOME, HF_TOKEN_PATH
 * @returns the access; without a token where there is none
 */
export function hubAccess(environment: Environment): HubAccess {
  const endpoint = (valueOf(environment, 'HF_ENDPOINT') ?? PUBLIC_HUB).replace(/\/+$/, '');
  return { endpoint, token: valueOf(environment, 'HF_TOKEN') ?? keptToken(environment) };
}

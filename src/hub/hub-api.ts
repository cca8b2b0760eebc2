import { setTimeout } from 'node:timers/promises';
import { fail } from '../core/failure.ts';
import type { JsonObject } from '../core/json.ts';
import { parseObject } from '../core/json-fields.ts';
import type { HubAccess } from './access.ts';

/** Answers that say "not now". */
const passing: ReadonlySet<number> = new Set([408, 429, 500, 502, 503, 504]);

/** Pauses before further attempts; milliseconds. */
const pauses = [500, 2000, 8000] as const;

/** What a call sends, beside its address. */
export interface Call {
  readonly method: 'GET' | 'POST' | 'PUT';
  readonly body?: string | Blob;
  /** What the body is. */
  readonly type?: string;
  /** True where a second call could do harm: it is not made again. */
  readonly once?: boolean;
}

/** What the hub said of a call. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  /** Empty where it is no JSON. */
  readonly json: JsonObject;
}

/** Asks a Hugging Face Hub, and the store that it says files go to. */
export class HubApi {
  readonly endpoint: string;
  readonly #token: string | undefined;

  /** @param access - the hub, and a token */
  constructor({ endpoint, token }: HubAccess) {
    this.endpoint = endpoint;
    this.#token = token;
  }

  /**
   * Posts JSON to the hub.
   *
   * @param path - behind the endpoint
   * @param body - what is sent
   * @param allowed - states beside those of success that are answers too: 409 where something is there already
   * @returns the answer
   * @throws FailureError where the hub does not take it
   */
  async post(path: string, body: JsonObject, allowed: readonly number[] = []): Promise<Answer> {
    const call = { method: 'POST', body: JSON.stringify(body), type: 'application/json' } as const;
    return this.ask(`${this.endpoint}${path}`, call, allowed);
  }

  /**
   * Calls an address, again where that may help. The token goes to the hub alone.
   *
   * @param address - of the hub, or one that it gave
   * @param call - what is sent
   * @param allowed - as for {@link post}
   * @returns the answer
   * @throws FailureError where there is none, or it is a refusal
   */
  async ask(address: string, call: Call, allowed: readonly number[] = []): Promise<Answer> {
    for (let attempt = 0; ; attempt++) {
      const response = await this.#fetch(address, call);
      const pause = call.once ? undefined : pauses[attempt];
      if (response && (response.ok || allowed.includes(response.status))) {
        const { status, headers } = response;
        return { status, headers, json: parseObject(await response.text()) ?? {} };
      }
      if (pause === undefined || (response && !passing.has(response.status))) return this.#refuse(address, response);
      await response?.body?.cancel();
      await setTimeout(pause);
    }
  }

  async #fetch(address: string, { method, body, type }: Call): Promise<Response | undefined> {
    const isOwn = new URL(address).origin === new URL(this.endpoint).origin;
    try {
      return await fetch(address, {
        method,
        headers: {
          ...(type !== undefined && { 'content-type': type, accept: 'application/json' }),
          ...(isOwn && this.#token !== undefined && { authorization: `Bearer ${this.#token}` }),
        },
        ...(body !== undefined && { body }),
      });
    } catch {
      return undefined;
    }
  }

  async #refuse(address: string, response: Response | undefined): Promise<never> {
    const { host, pathname } = new URL(address);
    if (!response)
      return fail({
        code: 'host-unreachable',
        message: `${host} cannot be reached`,
        expected: 'a connection to the Hugging Face Hub',
        fix: 'check the network and HF_ENDPOINT; nothing was committed, and calling again goes on',
      });
    const { status } = response;
    const { error, message } = parseObject(await response.text()) ?? {};
    const said = [error, message].find((text) => typeof text === 'string') ?? response.statusText;
    return fail({
      code: status === 401 || status === 403 ? 'no-access' : 'http-status',
      message: `${host}${pathname} answered ${status}: ${said}`,
      expected: 'a token that may write to the repository, and a name that is free or yours',
      fix: 'set HF_TOKEN to such a token (huggingface.co/settings/tokens), or correct the name; nothing was committed',
    });
  }
}

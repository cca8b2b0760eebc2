import { parse } from 'yaml';

/**
 * Reads YAML; a module of its own, so that it is loaded only where metrics are written in it.
 *
 * @param text - one document
 * @returns its value
 * @throws Error when it is none
 */
export function parseYaml(text: string): unknown {
  return parse(text) as unknown;
}

import { dirname } from 'node:path';

/**
 * The folder of sharded weights, whose index alone says little.
 *
 * @param from - a path
 * @returns the folder that index and shards lie in; undefined for any other file
 */
export const shardFolder = (from: string): string | undefined =>
  from.endsWith('.index.json') ? dirname(from) : undefined;

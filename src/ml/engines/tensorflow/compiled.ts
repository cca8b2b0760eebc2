import type { Program, Region, Space } from '../program.ts';
import type { Lives } from './lives.ts';

/** A program bound to memory. */
export interface Compiled {
  readonly id: number;
  readonly program: Program<string>;
  readonly memory: Partial<Readonly<Record<Space, Region>>>;
  readonly lives: Lives;
}

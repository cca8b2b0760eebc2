import type { Failure } from '../../core/failure.ts';
import type { SourceLocation } from './location.ts';

/** A problem before its place in the text is looked up. */
export interface Problem extends Omit<Failure, 'place'> {
  readonly location: SourceLocation;
  /** Underlines the key of a mapping's entry rather than its value. */
  readonly atKey?: boolean;
  /** The part of a text that is wrong, e.g. one `${…}`. */
  readonly within?: string;
  /** True for what is allowed, and said all the same. */
  readonly note?: true;
  /** A second place that belongs to it: `(also at line 12)`. */
  readonly also?: SourceLocation;
}

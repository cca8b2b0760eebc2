/** A table or a plot that went into a file. */
export interface WrittenFile {
  /** `table results` */
  readonly what: string;
  /** As the pipeline names it. */
  readonly file: string;
  /** False when the file already held the same results: then it was not touched. */
  readonly changed: boolean;
}

/** A table or a plot that differs from what its file holds. */
export interface Drift {
  readonly file: string;
  readonly what: string;
  /** Lines of the file begin with `-`, lines of the results with `+`. */
  readonly diff: readonly string[];
}

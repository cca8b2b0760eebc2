/** A line of the live view and how it is painted. */
export interface Line {
  readonly text: string;
  readonly style?: 'bold' | 'dim' | 'red';
}

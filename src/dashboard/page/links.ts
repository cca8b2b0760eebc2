/** Where a view is: behind the `#` of the address. */
export interface Route {
  readonly view: string;
  /** What it is about: a stage, a cell. */
  readonly of: string;
}

/**
 * Reads the address.
 *
 * @param hash - of the page's address
 * @returns the view
 */
export function routeOf(hash: string): Route {
  const [, view = '', of = ''] = /^#\/([a-z]*)\/?(.*)$/.exec(hash) ?? [];
  try {
    return { view: view || 'overview', of: decodeURIComponent(of) };
  } catch {
    return { view: 'overview', of: '' };
  }
}

/**
 * The address of a cell's view.
 *
 * @param id - of the cell
 * @returns for `href`
 */
export const cellLink = (id: string): string => `#/cell/${encodeURIComponent(id)}`;

/**
 * The address of a stage's table.
 *
 * @param id - of the stage
 * @returns for `href`
 */
export const stageLink = (id: string): string => `#/results/${encodeURIComponent(id)}`;

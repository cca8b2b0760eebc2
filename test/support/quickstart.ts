/** What lies between the markers of the quickstart's table in a README. */
export const QUICKSTART = /(?<=<!-- kdpipe:quickstart -->\n)[^]*(?=<!-- \/kdpipe:quickstart -->)/;

/** The lines of that table: its head, and a row for each group of cells. */
export const quickstartRows = (readme: string): readonly string[] =>
  (QUICKSTART.exec(readme)?.[0] ?? '').split('\n').filter((line) => line.startsWith('|'));

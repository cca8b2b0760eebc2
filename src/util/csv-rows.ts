/** A field: in quotes, with blanks around them, or plain. What may follow it is looked at after. */
const FIELD = /[ \t]*"([^"]*(?:""[^"]*)*)"[ \t]*|([^",\r\n]*)/y;

/** What ends a field, and where it is the last of its row, the row. */
const END = /,|\r\n|\n|\r|$/y;

/** Why no field ends where one should: at a position that holds neither a comma nor a line end. */
function problemAt(text: string, at: number, { quoted, plain }: { quoted: boolean; plain: string }): Error {
  const line = text.slice(0, at).split(/\r\n|\n|\r/).length;
  if (quoted) return new Error(`line ${line} goes on after a closing quote`);
  if (plain.trim() === '') return new Error(`the quote that line ${line} opens is not closed`);
  return new Error(`line ${line} has a quote inside a field without quotes`);
}

/**
 * Splits a text into rows of fields as RFC 4180 has them: quoted fields may hold commas, line ends and doubled quotes.
 *
 * @param text - of the file
 * @returns the rows that hold anything
 * @throws Error that names the line where a quote is not closed, text follows one, or one stands inside a plain field
 */
export function parseCsv(text: string): readonly (readonly string[])[] {
  const rows: string[][] = [];
  let row: string[] = [];
  for (let at = 0; at < text.length || row.length > 0;) {
    FIELD.lastIndex = at;
    const [whole = '', quoted, plain = ''] = FIELD.exec(text) ?? [];
    END.lastIndex = at + whole.length;
    const end = END.exec(text);
    if (!end) throw problemAt(text, at + whole.length, { quoted: quoted !== undefined, plain });
    row.push(quoted === undefined ? plain : quoted.replaceAll('""', '"'));
    at = END.lastIndex;
    if (end[0] === ',') continue;
    if (row.some((field) => field !== '')) rows.push(row);
    row = [];
  }
  return rows;
}

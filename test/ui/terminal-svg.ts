/** What a terminal showed, from a moment on. */
export interface Frame {
  /** Rows, with their colours as escape sequences. */
  readonly screen: string;
  /** Seconds. */
  readonly at: number;
}

/** What a picture of a terminal is; it has as many rows as are used. */
export interface Picture {
  readonly columns: number;
  readonly title: string;
}

/** Pixels of a character, and around all of them. */
const WIDTH = 7.8;
const HEIGHT = 17;
const MARGIN = 14;

/** Colours of a terminal, 30 to 37 and brighter: contrast of at least 4.5 with its background. */
const COLOURS = ['#8b949e', '#ff7b72', '#56d364', '#e3b341', '#79c0ff', '#d2a8ff', '#76e3ea', '#e6edf3'];

const signs: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };
const escaped = (text: string): string => text.replace(/[&<>]/g, (sign) => signs[sign] ?? sign);

/** How characters look from some place on. */
interface Style {
  readonly colour?: number;
  readonly bold?: boolean;
  readonly dim?: boolean;
}

/** What one number of an escape sequence changes; what pictures do not show changes nothing. */
function changed(style: Style, code: number): Style {
  const { colour: _, ...others } = style;
  if (code === 0) return {};
  if (code === 1) return { ...style, bold: true };
  if (code === 2) return { ...style, dim: true };
  if (code === 22) return { ...style, bold: false, dim: false };
  if (code === 39) return others;
  if (code === 90) return { ...style, colour: 0 };
  if ((code >= 30 && code <= 37) || (code >= 91 && code <= 97)) return { ...style, colour: code % 10 };
  return style;
}

function classesOf({ colour, bold = false, dim = false }: Style): string {
  return [...(colour === undefined ? [] : [`c${colour}`]), ...(bold ? ['b'] : []), ...(dim ? ['d'] : [])].join(' ');
}

/** A row as text elements' content; the style at its end holds on. */
function rowOf(row: string, style: Style): { readonly text: string; readonly style: Style } {
  let now = style;
  let text = '';
  for (const piece of row.split(/(\u001b\[[\d;]*m)/)) {
    const [, codes] = /^\u001b\[([\d;]*)m$/.exec(piece) ?? [];
    if (codes !== undefined) for (const code of codes.split(';')) now = changed(now, Number(code));
    else if (piece !== '') {
      const classes = classesOf(now);
      text += classes === '' ? escaped(piece) : `<tspan class="${classes}">${escaped(piece)}</tspan>`;
    }
  }
  return { text, style: now };
}

/** Rows of a screen as text elements. */
function rowsOf(screen: string): readonly string[] {
  let style: Style = {};
  return screen.split('\n').map((row) => {
    const made = rowOf(row, style);
    style = made.style;
    return made.text;
  });
}

/** A row of text, and when it is seen. */
interface Shown {
  readonly text: string;
  readonly row: number;
  readonly from: number;
  /** Index of the frame that it is gone in; undefined where it stays. */
  readonly to: number | undefined;
}

/** Rows that stay the same over several frames are one. */
function shownIn(frames: readonly Frame[]): readonly Shown[] {
  const screens = frames.map(({ screen }) => rowsOf(screen));
  const rows = Math.max(...screens.map((screen) => screen.length));
  return Array.from({ length: rows }, (_, row) => {
    const found: Shown[] = [];
    let from = 0;
    for (let frame = 1; frame <= screens.length; frame++) {
      const text = screens[from]?.[row] ?? '';
      if (frame < screens.length && (screens[frame]?.[row] ?? '') === text) continue;
      if (text !== '') found.push({ text, row, from, to: frame < screens.length ? frame : undefined });
      from = frame;
    }
    return found;
  }).flat();
}

/**
 * Draws what a terminal showed: text that can be selected, on a ground of its own. It plays once; what shows no animations shows the end.
 *
 * @param frames - what the terminal showed, in order
 * @param picture - size and title
 * @returns SVG
 */
export function terminalSvg(frames: readonly Frame[], picture: Picture): string {
  const shown = shownIn(frames);
  const used = Math.max(...shown.map(({ row }) => row + 1));
  const [width, height] = [picture.columns * WIDTH + 2 * MARGIN, used * HEIGHT + 2 * MARGIN];
  const start = frames[0]?.at ?? 0;
  const time = (frame: number): string => `${((frames[frame]?.at ?? start) - start).toFixed(2)}s`;
  const rows = shown.map(({ text, row, from, to }) => {
    const place = `x="${MARGIN}" y="${MARGIN + (row + 0.75) * HEIGHT}"`;
    if (to === undefined && from === 0) return `<text ${place}>${text}</text>`;
    if (to === undefined)
      return `<text ${place}>${text}<set attributeName="visibility" to="hidden" begin="0s" end="${time(from)}"/></text>`;
    return `<text ${place} visibility="hidden">${text}<set attributeName="visibility" to="visible" begin="${time(from)}" end="${time(to)}"/></text>`;
  });
  const colours = COLOURS.map((colour, at) => `.c${at}{fill:${colour}}`).join('');
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img">
<title>${escaped(picture.title)}</title>
<style>text{font:13px ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace;fill:#e6edf3;white-space:pre}${colours}.b{font-weight:bold}.d{opacity:.65}</style>
<rect width="100%" height="100%" rx="8" fill="#161b22"/>
${rows.join('\n')}
</svg>
`;
}

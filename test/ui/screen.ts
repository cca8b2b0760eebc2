/** A terminal's screen: what its user sees after the escape sequences that live views use. */
export class Screen {
  /** Lines, the scrolled ones included. */
  readonly lines: string[] = [''];
  /** Most lines that were in use at any time. */
  tallest = 0;
  cursorShown = true;
  private row = 0;
  private column = 0;

  /** Takes what was written to the terminal. */
  write(text: string): this {
    for (const [token] of text.matchAll(/\u001b\[[?\d;]*[A-Za-z]|\n|\r|[^\u001b\r\n]+/g)) this.take(token);
    return this;
  }

  /** What is on the screen, blank lines at the end left out. */
  text(): string {
    return this.lines.join('\n').trimEnd();
  }

  private take(token: string): void {
    const [, count = '', command = ''] = /^\u001b\[([?\d;]*)([A-Za-z])$/u.exec(token) ?? [];
    if (token === '\n') [this.row, this.column] = [this.row + 1, 0];
    else if (token === '\r' || command === 'G') this.column = 0;
    else if (command === 'A') this.row = Math.max(0, this.row - Number(count || 1));
    else if (command === 'K') this.lines[this.row] = '';
    else if (command === 'h' || command === 'l') this.cursorShown = command === 'h';
    else if (command === '') this.print(token);
    while (this.lines.length <= this.row) this.lines.push('');
    this.tallest = Math.max(this.tallest, this.lines.findLastIndex((line) => line !== '') + 1);
  }

  private print(text: string): void {
    const line = (this.lines[this.row] ?? '').padEnd(this.column);
    this.lines[this.row] = line.slice(0, this.column) + text + line.slice(this.column + text.length);
    this.column += text.length;
  }
}

import { expect, it } from 'vitest';
import { terminalSvg } from './terminal-svg.ts';

it('shows each row from when it is there to when it is gone, and its colours', () => {
  const svg = terminalSvg(
    [
      { at: 10, screen: '$ run <a>\n\u001b[1mone\u001b[0m \u001b[32mtwo\u001b[39m' },
      { at: 11.5, screen: '$ run <a>\nthree' },
    ],
    { columns: 20, title: 'A & B' },
  );
  const texts = svg.split('\n').filter((line) => line.startsWith('<text'));
  expect(texts).toEqual([
    expect.stringMatching(/^<text x="14" y="[\d.]+">\$ run &lt;a&gt;<\/text>$/),
    expect.stringMatching(
      /visibility="hidden"><tspan class="b">one<\/tspan> <tspan class="c2">two<\/tspan><set attributeName="visibility" to="visible" begin="0.00s" end="1.50s"\/>/,
    ),
    expect.stringMatching(/">three<set attributeName="visibility" to="hidden" begin="0s" end="1.50s"\/><\/text>$/),
  ]);
  expect(svg).toContain('<title>A &amp; B</title>');
});

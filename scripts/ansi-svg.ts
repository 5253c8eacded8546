// Draws terminal output as a picture: the colours and weights that dfs uses, in a dark window.

interface Style {
  readonly colour: string;
  readonly bold: boolean;
  readonly dim: boolean;
}

interface Run {
  readonly column: number;
  readonly text: string;
  readonly style: Style;
}

const FONT_SIZE = 14;
const CELL_WIDTH = 8.43;
const LINE_HEIGHT = 20;
const PADDING = 20;
const TITLE_BAR = 36;
const DOT = { radius: 6, gap: 20 } as const;

const BACKGROUND = '#171a21';
const TITLE_COLOUR = '#7d8590';
const FOREGROUND = '#d7dce2';
const DOTS = ['#ff5f57', '#febc2e', '#28c840'] as const;
const DIM_OPACITY = 0.62;

/** SGR 30-37 and 90-97. */
const PALETTE = [
  '#4b5261',
  '#f47067',
  '#6bc46d',
  '#e0b050',
  '#6cb6ff',
  '#dcbdfb',
  '#56d4dd',
  '#d7dce2',
] as const;
const SGR = {
  reset: 0,
  bold: 1,
  dim: 2,
  normalWeight: 22,
  firstColour: 30,
  defaultColour: 39,
  firstBright: 90,
} as const;

/** What begins a control sequence. */
const ESCAPE = '\u{1b}[';

const PLAIN: Style = { colour: FOREGROUND, bold: false, dim: false };

/** An SVG of what a terminal of any width would show; cursor movements are not understood and left out. */
export function terminalSvg(output: string, title: string): string {
  const lines = output.replaceAll('\r', '').trimEnd().split('\n').map(parser());
  const columns = Math.max(...lines.flat().map((run) => run.column + run.text.length));
  const width = Math.ceil(columns * CELL_WIDTH + 2 * PADDING);
  const height = TITLE_BAR + lines.length * LINE_HEIGHT + PADDING;
  const dots = DOTS.map(
    (colour, i) => `<circle cx="${PADDING + i * DOT.gap}" cy="18" r="${DOT.radius}" fill="${colour}"/>`,
  );
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img">`,
    `<title>${xml(title)}</title>`,
    `<rect width="${width}" height="${height}" rx="10" fill="${BACKGROUND}"/>`,
    ...dots,
    `<text x="${width / 2}" y="23" text-anchor="middle" fill="${TITLE_COLOUR}" font-family="sans-serif" font-size="13">${xml(title)}</text>`,
    `<g font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace" font-size="${FONT_SIZE}" xml:space="preserve">`,
    ...lines
      .map((runs, i) => runs.map((run) => drawRun(run, TITLE_BAR + (i + 0.7) * LINE_HEIGHT)).join(''))
      .filter((line) => line !== ''),
    '</g>',
    '</svg>',
    '',
  ].join('\n');
}

/** Each run has its own place and length, so that columns stand under each other in every font. */
function drawRun({ column, text, style }: Run, y: number): string {
  const x = (PADDING + column * CELL_WIDTH).toFixed(1);
  const length = (text.length * CELL_WIDTH).toFixed(1);
  const weight = style.bold ? ' font-weight="bold"' : '';
  const opacity = style.dim ? ` opacity="${DIM_OPACITY}"` : '';
  const place = `x="${x}" y="${y.toFixed(1)}" textLength="${length}" lengthAdjust="spacingAndGlyphs"`;
  return `<text ${place} fill="${style.colour}"${weight}${opacity}>${xml(text)}</text>`;
}

/** Splits lines, one after the other, into runs of one style: a style lasts beyond the end of a line. */
function parser(): (line: string) => Run[] {
  let style = PLAIN;
  return (line) => {
    const runs: Run[] = [];
    let column = 0;
    for (const [index, part] of line.split(ESCAPE).entries()) {
      const sequence = index === 0 ? null : /^([0-9;?]*)([A-Za-z])/.exec(part);
      if (sequence?.[2] === 'm') style = applySgr(style, sequence[1] ?? '');
      const text = part.slice(sequence?.[0].length ?? 0).replaceAll(/\p{Cc}/gu, '');
      if (text.trim() !== '') {
        const leading = text.length - text.trimStart().length;
        runs.push({ column: column + leading, text: text.trim(), style });
      }
      column += text.length;
    }
    return runs;
  };
}

function applySgr(style: Style, codes: string): Style {
  let next = style;
  for (const code of codes.split(';').map(Number)) {
    const colour = PALETTE[code - SGR.firstColour] ?? PALETTE[code - SGR.firstBright];
    if (code === SGR.reset) next = PLAIN;
    else if (code === SGR.bold) next = { ...next, bold: true };
    else if (code === SGR.dim) next = { ...next, dim: true };
    else if (code === SGR.normalWeight) next = { ...next, bold: false, dim: false };
    else if (code === SGR.defaultColour) next = { ...next, colour: FOREGROUND };
    else if (colour !== undefined) next = { ...next, colour };
    // "Bright black" is what logs use for what matters least.
    if (code === SGR.firstBright) next = { ...next, colour: TITLE_COLOUR };
  }
  return next;
}

function xml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

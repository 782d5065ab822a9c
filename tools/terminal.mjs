/**
 * The screen of a terminal, as far as the demo needs one: text, colours, and the moves by which the live display draws
 * over itself. What it does not know is an error, so no picture is quietly wrong.
 */

const ESCAPE = '\x1b';
// biome-ignore lint/suspicious/noControlCharactersInRegex: it is what a terminal is sent
const SEQUENCE = /\x1b\[([?\d;]*)([A-Za-z])/y;
const PLAIN = { bold: false, dim: false, colour: null };
const COLOURS = { 31: 'red', 32: 'green', 33: 'yellow', 39: null };

export class Terminal {
  #columns;
  #rows;
  #lines = [];
  #row = 0;
  #column = 0;
  #style = PLAIN;
  /** The beginning of a sequence whose end has not come yet. */
  #rest = '';

  constructor(columns, rows) {
    this.#columns = columns;
    this.#rows = rows;
    this.#erase(0);
  }

  /** Returns the rows as lists of cells: `{ character, style }`. */
  get screen() {
    return this.#lines.map((line) => [...line]);
  }

  /** Returns the rows as text. */
  get text() {
    return this.#lines.map((line) =>
      line
        .map(({ character }) => character)
        .join('')
        .trimEnd(),
    );
  }

  write(data) {
    const text = this.#rest + data;
    this.#rest = '';
    for (let at = 0; at < text.length; ) {
      if (text[at] !== ESCAPE) {
        const character = String.fromCodePoint(text.codePointAt(at));
        this.#put(character);
        at += character.length;
        continue;
      }
      SEQUENCE.lastIndex = at;
      const match = SEQUENCE.exec(text);
      if (match === null) {
        if (text.length - at > 20) throw new Error(`unknown sequence ${JSON.stringify(text.slice(at, at + 20))}`);
        this.#rest = text.slice(at);
        return;
      }
      this.#control(match[1], match[2]);
      at = SEQUENCE.lastIndex;
    }
  }

  #put(character) {
    if (character === '\r') this.#column = 0;
    else if (character === '\n') this.#newLine();
    else if (character >= ' ') {
      if (this.#column === this.#columns) {
        this.#column = 0;
        this.#newLine();
      }
      this.#lines[this.#row][this.#column] = { character, style: this.#style };
      this.#column += 1;
    }
  }

  #newLine() {
    this.#row += 1;
    if (this.#row < this.#rows) return;
    this.#row -= 1;
    this.#lines.shift();
    this.#erase(this.#row);
  }

  #control(given, letter) {
    // The cursor is shown or hidden, or a picture is drawn at once: nothing that stays.
    if (given.startsWith('?')) return;
    const numbers = given.split(';').map(Number);
    const [first] = numbers;
    const move = {
      A: () => this.#goTo(this.#row - (first || 1), this.#column),
      B: () => this.#goTo(this.#row + (first || 1), this.#column),
      C: () => this.#goTo(this.#row, this.#column + (first || 1)),
      D: () => this.#goTo(this.#row, this.#column - (first || 1)),
      E: () => this.#goTo(this.#row + (first || 1), 0),
      F: () => this.#goTo(this.#row - (first || 1), 0),
      G: () => this.#goTo(this.#row, (first || 1) - 1),
      H: () => this.#goTo((first || 1) - 1, (numbers[1] || 1) - 1),
      J: () => this.#erase(this.#row, this.#column),
      K: () => this.#eraseLine(first),
      m: () => {
        for (const number of numbers) this.#restyle(number);
      },
    }[letter];
    if (move === undefined || (letter === 'J' && first !== 0)) throw new Error(`unknown sequence ${given}${letter}`);
    move();
  }

  #goTo(row, column) {
    this.#row = Math.min(Math.max(row, 0), this.#rows - 1);
    this.#column = Math.min(Math.max(column, 0), this.#columns - 1);
  }

  /** Empties what is below, from this cell on. */
  #erase(row, column = 0) {
    for (let at = row; at < this.#rows; at += 1) {
      const kept = at === row ? (this.#lines[at] ?? []).slice(0, column) : [];
      this.#lines[at] = [...kept, ...blanks(this.#columns - kept.length)];
    }
  }

  #eraseLine(how) {
    const line = this.#lines[this.#row];
    const from = how === 0 ? this.#column : 0;
    const to = how === 1 ? this.#column + 1 : this.#columns;
    line.splice(from, to - from, ...blanks(to - from));
  }

  #restyle(number) {
    if (number === 0) this.#style = PLAIN;
    else if (number === 1) this.#style = { ...this.#style, bold: true };
    else if (number === 2) this.#style = { ...this.#style, dim: true };
    else if (number === 22) this.#style = { ...this.#style, bold: false, dim: false };
    else if (number in COLOURS) this.#style = { ...this.#style, colour: COLOURS[number] };
    else throw new Error(`unknown style ${number}`);
  }
}

function blanks(count) {
  return Array.from({ length: count }, () => ({ character: ' ', style: PLAIN }));
}

/** In how many ways a password could get into what a program says: as it is, escaped, encoded, or in part. */

/** One that each way of escaping changes. */
export const password = 'pass:word/with@all?of#them%';

/** The lines that hold some spelling of it. */
export function linesWithPassword(said: string): string[] {
  return said.split('\n').filter((line) => spellings.some((spelling) => line.includes(spelling)));
}

const encoded = encodeURIComponent(password);
const spellings = [
  password,
  encoded,
  encoded.replace(/%[0-9A-F]{2}/g, (escaped) => escaped.toLowerCase()),
  encodeURI(password),
  JSON.stringify(password).slice(1, -1),
  new URLSearchParams({ '': password }).toString().slice(1),
  Buffer.from(password).toString('base64'),
  Buffer.from(password).toString('hex'),
  'word/with',
  'word%2F',
  'word%2f',
];

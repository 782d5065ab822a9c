import { describe, expect, it } from 'vitest';
import { InvalidOptionError } from '../../../src/errors.ts';
import { resolveIdentifier, resolveName } from '../../../src/options/name.ts';

describe('resolveName', () => {
  it('takes any text of up to 256 bytes', () => {
    for (const name of ['billing', 'a/b $.', ' ', 'ä'.repeat(128), 'x'.repeat(256)])
      expect(resolveName(name)).toBe(name);
  });

  it('refuses everything else', () => {
    for (const name of [undefined, null, '', 5, {}, 'ä'.repeat(129), 'a\0b', '\udc00', ['billing']]) {
      expect(() => resolveName(name)).toThrow(InvalidOptionError);
    }
    expect(() => resolveName('a\0b')).toThrow(/^the name of the subsystem must be .* not "a\\u0000b"$/);
  });
});

describe('resolveIdentifier', () => {
  it('takes an id, or nothing', () => {
    expect(resolveIdentifier(undefined)).toBeUndefined();
    expect(resolveIdentifier('7')).toBe('7');
    expect(resolveIdentifier(7)).toBe(7);
  });

  it('refuses everything else', () => {
    for (const identifier of [null, '', Number.NaN, {}, 7n]) {
      expect(() => resolveIdentifier(identifier)).toThrow(/^the identifier must be a finite number, or a string/);
    }
  });
});

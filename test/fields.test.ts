import { describe, expect, it } from 'vitest';
import { checkFields, definedFields, unknownField } from '../src/fields.js';

describe('checkFields', () => {
  it('lets known fields pass, whatever is in them', () => {
    expect(() => checkFields({ a: undefined, b: 1 }, ['a', 'b'])).not.toThrow();
    expect(() => checkFields({}, [])).not.toThrow();
  });

  it('refuses an unknown field below the path, with the nearest name and all there are', () => {
    expect(() => checkFields({ fre: [0] }, ['free', 'place'], ['options'])).toThrow(
      expect.objectContaining({
        code: 'invalid-option',
        path: ['options', 'fre'],
        message: 'options.fre: unknown field: did you mean free? There are free, place',
      }),
    );
  });

  it('refuses an unknown field that is undefined, or inherited', () => {
    expect(() => checkFields({ fre: undefined }, ['free'])).toThrow('unknown field');
    expect(() => checkFields(Object.create({ fre: 1 }), ['free'])).toThrow('unknown field');
  });

  it.each([[null], [undefined], [3], ['free'], [[]]])('refuses what is no object of fields: %s', (given) => {
    expect(() => checkFields(given, ['free'])).toThrow(expect.objectContaining({ path: ['options'] }));
    expect(() => checkFields(given, [], [], 'invalid-request')).toThrow(
      expect.objectContaining({
        code: 'invalid-request',
        message: expect.stringMatching('expected nothing'),
      }),
    );
  });
});

describe('unknownField', () => {
  it('says so where there are no fields', () => {
    expect(unknownField('x', [])).toBe('unknown field: There are none');
  });
});

describe('definedFields', () => {
  it('leaves out what is undefined, so that it hides nothing', () => {
    expect({ ...{ a: 1, b: 2 }, ...definedFields({ a: undefined, b: null, c: 0 }) }).toStrictEqual({
      a: 1,
      b: null,
      c: 0,
    });
  });
});

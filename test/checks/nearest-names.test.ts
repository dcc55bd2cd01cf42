import { describe, expect, it } from 'vitest';
import { nearestNames } from '../../src/checks/nearest-names.js';

describe('nearestNames', () => {
  it('finds names that contain the word, before names that resemble it', () => {
    expect(nearestNames('a100', ['h100', 'dgx-a100', 'hgx-a100'])).toEqual(['dgx-a100', 'hgx-a100', 'h100']);
  });

  it('counts replaced, added and removed characters', () => {
    const names = ['switch'];
    expect(nearestNames('swatch', names)).toEqual(names);
    expect(nearestNames('swiitch', names)).toEqual(names);
    expect(nearestNames('swich', names)).toEqual(names);
    expect(nearestNames('switchboard', names)).toEqual([]);
  });

  it('ignores case and space around', () => {
    expect(nearestNames(' DGX2 ', ['dgx2'])).toEqual(['dgx2']);
  });

  it('takes no word for another one of its length that shares nothing with it', () => {
    expect(nearestNames('abc', ['xyz'])).toEqual([]);
  });

  it('returns at most five names, in the order given where equally near', () => {
    expect(nearestNames('n', ['n1', 'n2', 'n3', 'n4', 'n5', 'n6'])).toEqual(['n1', 'n2', 'n3', 'n4', 'n5']);
  });

  it('matches nothing with an empty or an endless word', () => {
    expect(nearestNames('  ', ['a'])).toEqual([]);
    expect(nearestNames('a'.repeat(1_000_000), ['a'])).toEqual([]);
  });
});

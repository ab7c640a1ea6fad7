import {describe, expect, it} from 'vitest';
import {markersOf, readBetweenMarkers, replaceBetweenMarkers} from '../../support/markers.ts';

const {start, end} = markersOf('part');

describe('text between markers', () => {
  it('a section is replaced, and can be replaced again', () => {
    const once = replaceBetweenMarkers(`# Title\n${start}\nold\n${end}\nrest $& $1\n`, 'new $& text', 'part');
    expect(once).toBe(`# Title\n${start}\n\nnew $& text\n\n${end}\nrest $& $1\n`);
    const twice = replaceBetweenMarkers(once, 'newer', 'part');
    expect(twice).toBe(`# Title\n${start}\n\nnewer\n\n${end}\nrest $& $1\n`);
  });

  it('a section is read without the white space around it', () => {
    expect(readBetweenMarkers(`a ${start}\n\nb\nc\n\n${end} d`, 'part')).toBe('b\nc');
  });

  it.each([
    ['has none', 'text'],
    ['has no end', `${start} text`],
    ['has no start', `text ${end}`],
    ['has them in the wrong order', `${end} text ${start}`],
    ['has two starts', `${start} ${start} ${end}`],
    ['has two ends', `${start} ${end} ${end}`],
  ])('a page that %s is refused with an error that names both markers', (_, text) => {
    expect(() => replaceBetweenMarkers(text, 'new', 'part')).toThrow(`${start} and, after it, ${end}`);
    expect(() => readBetweenMarkers(text, 'part')).toThrow(`${start} and, after it, ${end}`);
  });
});

import fc from 'fast-check';
import {describe, expect, it} from 'vitest';
import {findLink, parseLinkHeader} from '../../../src/client/link-header.ts';

describe('a Link header', () => {
  it.each<[what: string, header: string, next: string | undefined]>([
    ['one link', '<https://a.example/?page=2>; rel="next"', 'https://a.example/?page=2'],
    [
      'GitHub’s',
      '<https://a.example/?page=2>; rel="next", <https://a.example/?page=5>; rel="last"',
      'https://a.example/?page=2',
    ],
    ['the wanted one last', '</1>; rel="prev", </3>; rel="next"', '/3'],
    ['no quotes', '</2>;rel=next', '/2'],
    ['several relations', '</2>; rel="last NEXT  up"', '/2'],
    ['capitals', '</2>; REL="Next"', '/2'],
    ['spaces and tabs', ' \t</2> \t;\t rel \t=  "next" ', '/2'],
    ['a comma and a semicolon in the target', '</a,b;c>; rel="next"', '/a,b;c'],
    ['a comma in a title', '</1>; title="a, b; rel=\\"next\\""; rel="prev", </2>; rel="next"', '/2'],
    ['an escaped quote', '</2>; title="\\""; rel="next"', '/2'],
    ['rel twice: the first counts', '</1>; rel="prev"; rel="next", </2>; rel="next"', '/2'],
    ['a link of the response itself', '</1>; rel="next"; anchor="", </2>; rel="next"', '/1'],
    ['a link of something else', '</1>; rel="next"; anchor="/other", </2>; rel="next"', '/2'],
    ['a parameter without a value', '</2>; crossorigin; rel="next"', '/2'],
    ['empty elements', ', ,</2>; rel="next",,', '/2'],
    ['an empty target, which is the page itself', '<>; rel="next"', ''],
    ['rubbish before', 'no link; rel="next", </2>; rel="next"', '/2'],
    ['rubbish after a target', '</1> what, </2>; rel="next"', '/2'],
    ['another relation alone', '</1>; rel="prev"', undefined],
    ['part of a word', '</1>; rel="nextish"', undefined],
    ['no end of a target', '</1; rel="next"', undefined],
    ['no end of a quote', '</1>; rel="prev, </2>; rel="next"', undefined],
    ['nothing', '', undefined],
  ])('findLink finds the next link in a header with %s', (_what, header, next) => {
    expect(findLink(header, 'next')).toBe(next);
  });

  it('findLink finds no link without a header', () => {
    expect(findLink(null, 'next')).toBeUndefined();
  });

  it('parseLinkHeader reads back any links that were written, and never throws', () => {
    const target = fc.webUrl({withQueryParameters: true}).filter((url) => !url.includes('>'));
    const relation = fc.constantFrom('next', 'prev', 'https://rel.example/a');
    const title = fc.string();
    const link = fc.record({target, relations: fc.array(relation, {minLength: 1, maxLength: 3}), title});
    fc.assert(
      fc.property(fc.array(link), (links) => {
        const header = links
          .map(
            (one) =>
              `<${one.target}>; title="${one.title.replaceAll(/["\\]/g, '\\$&')}"; rel="${one.relations.join(' ')}"`,
          )
          .join(', ');
        expect(parseLinkHeader(header)).toEqual(
          links.map((one) => ({target: one.target, relations: one.relations, anchor: undefined})),
        );
      }),
    );
    fc.assert(
      fc.property(fc.stringMatching(/^[<>;,="\\ a-z]*$/), (header) => Array.isArray(parseLinkHeader(header))),
    );
  });
});

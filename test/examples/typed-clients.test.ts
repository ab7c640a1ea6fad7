import {expect, test} from 'vitest';
import {main as githubClient} from '../../examples/github-client.ts';
import {main as typedApiClient} from '../../examples/typed-api-client.ts';
import {expectPrinting} from '../support/printed.ts';

expectPrinting();

test('the typed API client example gets two resources at once, and creates a third', async () => {
  expect(await typedApiClient()).toEqual({
    user: {name: 'Python'},
    repos: [
      {id: 1, name: 'one'},
      {id: 2, name: 'two'},
    ],
    created: {id: 3, name: 'cpython'},
  });
});

test("the example of a client for GitHub's API goes through pages, and tells errors apart", async () => {
  expect(await githubClient()).toEqual({
    repo: {full_name: 'nodejs/node', open_issues_count: 7},
    titles: [0, 1, 2, 3, 4].map((index) => `Issue ${index + 1} (202${index})`),
    reason: 'title is missing',
  });
});

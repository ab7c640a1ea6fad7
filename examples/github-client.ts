/**
 * A client in the manner of GitHub's API: groups, schemas that check responses, pages by Link headers, and errors typed by
 * their status.
 *
 *     npm run example github-client [https://api.github.com/]
 */
import {createSession, defineClient, endpoint, linkPages, paginate, type} from 'aiofetch';
import {z} from 'zod';
import {serveGithub} from './support/github-server.ts';
import {runDirectly} from './support/run-directly.ts';

const issue = z.object({
  number: z.number(),
  title: z.string(),
  created_at: z.iso.datetime().transform((text) => new Date(text)),
});

const problem = z.object({message: z.string()});
const invalid = problem.extend({errors: z.array(z.object({field: z.string(), code: z.string()}))});

const getRepo = endpoint('GET /repos/{owner}/{repo}', {
  response: z.object({full_name: z.string(), open_issues_count: z.number()}),
  errors: {404: problem},
});

const listIssues = paginate(
  endpoint('GET /repos/{owner}/{repo}/issues', {
    query: type<{state?: 'open' | 'closed' | 'all'; labels?: string[]; per_page?: number; page?: number}>(),
    // GitHub takes labels separated by commas.
    queryStyles: {labels: {explode: false}},
    response: z.array(issue),
  }),
  linkPages(),
);

const createIssue = endpoint('POST /repos/{owner}/{repo}/issues', {
  body: type<{title: string; labels?: string[]}>(),
  response: issue,
  errors: {404: problem, 422: invalid},
});

const github = defineClient(
  {repos: {get: getRepo, issues: {list: listIssues, create: createIssue}}},
  {headers: {accept: 'application/vnd.github+json', 'x-github-api-version': '2022-11-28'}},
);

export async function main(url?: string) {
  await using server = url ? undefined : await serveGithub();
  await using session = createSession({
    baseUrl: url ?? server?.url,
    headers: {'user-agent': 'aiofetch-example'},
  });
  const client = github(session);
  const path = {owner: 'nodejs', repo: 'node'};

  const repo = await client.repos.get({path});
  console.log(`${repo.full_name} has ${repo.open_issues_count} open issues`);

  const page = await client.repos.issues.list({path, query: {state: 'open', labels: ['http', 'fetch']}});
  console.log(
    `The first page has ${page.items.length} issues, and ${page.hasNext ? 'there are more pages' : 'is the only page'}`,
  );

  const titles: string[] = [];
  for await (const {title, created_at} of client.repos.issues.list({
    path,
    query: {per_page: 2},
    prefetch: 1,
  })) {
    titles.push(`${title} (${created_at.getFullYear()})`);
    if (titles.length === 5) break; // no further page is requested
  }
  console.log(titles.join('\n'));
  if (url) return {repo, titles};

  try {
    await client.repos.issues.create({path, body: {title: ''}});
  } catch (error) {
    if (!createIssue.isError(error)) throw error;
    // The status tells which of the two declared errors it is, and types its data.
    const reason =
      error.status === 422
        ? error.data.errors.map(({field, code}) => `${field} is ${code}`).join(', ')
        : error.data.message;
    console.log(`Not created: ${reason}`);
    return {repo, titles, reason};
  }
  return {repo, titles};
}

await runDirectly(import.meta, main);

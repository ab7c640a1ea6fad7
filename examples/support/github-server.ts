import type {LocalServer} from './local-server.ts';
import {serveJson} from './local-server.ts';

const issues = Array.from({length: 7}, (_, index) => ({
  number: index + 1,
  title: `Issue ${index + 1}`,
  created_at: `202${index}-01-01T12:00:00Z`,
}));

/** The part of GitHub's API that the example uses. */
export async function serveGithub(): Promise<LocalServer> {
  return await serveJson(async (request, response) => {
    const url = new URL(request.url ?? '/', `http://${request.headers.host}`);
    if (url.pathname === '/repos/nodejs/node')
      return {full_name: 'nodejs/node', open_issues_count: issues.length};
    if (url.pathname !== '/repos/nodejs/node/issues') {
      response.statusCode = 404;
      return {message: 'Not Found'};
    }
    if (request.method === 'POST') {
      response.statusCode = 422;
      return {message: 'Validation Failed', errors: [{field: 'title', code: 'missing'}]};
    }
    const size = Number(url.searchParams.get('per_page') ?? 30);
    const page = Number(url.searchParams.get('page') ?? 1);
    if (page * size < issues.length) {
      url.searchParams.set('page', String(page + 1));
      response.setHeader('link', `<${url.href}>; rel="next"`);
    }
    return issues.slice((page - 1) * size, page * size);
  });
}

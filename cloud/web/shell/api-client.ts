/**
 * The API as the page asks it: with the session's cookie, answers parsed by the schemas that the server writes them
 * with. Whatever goes wrong is a `ProblemError` with a title and a detail that can be shown.
 */
import * as z from 'zod';
import { type Problem, problemSchema } from '../../contract/problem.ts';

export const API = '/api/v1';

export class ApiProblemError extends Error {
  override readonly name = 'ApiProblemError';
  readonly problem: Problem;

  constructor(problem: Problem, options?: ErrorOptions) {
    super(`${problem.title}: ${problem.detail}`, options);
    this.problem = problem;
  }
}

type Query = Readonly<Record<string, string | number | null | undefined>>;

export interface ApiClient {
  get<T>(path: string, schema: z.ZodType<T>, query?: Query): Promise<T>;
  post<T>(path: string, schema: z.ZodType<T>, body?: object): Promise<T>;
  delete(path: string): Promise<void>;
}

export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

/** `onSignedOut` is called when the session has ended. */
export function createApiClient(fetchUrl: Fetch, onSignedOut: () => void): ApiClient {
  async function ask(method: string, path: string, body?: object): Promise<Response> {
    const json = body === undefined ? {} : { headers: { 'content-type': 'application/json' } };
    const response = await fetchUrl(`${API}${path}`, {
      method,
      credentials: 'same-origin',
      ...json,
      ...(body !== undefined && { body: JSON.stringify(body) }),
    }).catch((cause: unknown) => {
      throw new ApiProblemError(UNREACHABLE, { cause });
    });
    if (response.ok) return response;
    const problem = await readProblem(response);
    if (problem.code === 'unauthenticated') onSignedOut();
    throw new ApiProblemError(problem);
  }

  async function read<T>(response: Response, schema: z.ZodType<T>): Promise<T> {
    const parsed = schema.safeParse(await response.json().catch(() => undefined));
    if (parsed.success) return parsed.data;
    throw new ApiProblemError({ ...NOT_UNDERSTOOD, detail: z.prettifyError(parsed.error) });
  }

  return {
    get: async (path, schema, query = {}) => await read(await ask('GET', path + queryText(query)), schema),
    post: async (path, schema, body) => await read(await ask('POST', path, body), schema),
    delete: async (path) => {
      await ask('DELETE', path);
    },
  };
}

/** The query part of an address; what is null or undefined is left out. */
export function queryText(query: Query): string {
  const given = Object.entries(query).flatMap(([name, value]) =>
    value === null || value === undefined ? [] : [[name, String(value)]],
  );
  return given.length === 0 ? '' : `?${new URLSearchParams(given)}`;
}

/** What to show of anything that was thrown; what is not a problem of the API is a defect, and thrown on. */
export function problemOf(error: unknown): Problem {
  if (error instanceof ApiProblemError) return error.problem;
  throw error;
}

async function readProblem(response: Response): Promise<Problem> {
  const parsed = problemSchema.safeParse(await response.json().catch(() => undefined));
  if (parsed.success) return parsed.data;
  return {
    type: 'about:blank',
    title: 'The cloud did not answer as expected',
    status: response.status,
    detail: `it said ${response.status} ${response.statusText}`.trim(),
    code: 'unexpected_answer',
    advice: 'Something stands between this page and the cloud: look at the proxy, then try again.',
  };
}

const UNREACHABLE: Problem = {
  type: 'about:blank',
  title: 'The cloud cannot be reached',
  status: 0,
  detail: 'no answer came',
  code: 'unreachable',
  advice: 'Check the network; the page tries again by itself.',
};

const NOT_UNDERSTOOD: Problem = {
  type: 'about:blank',
  title: 'The cloud answered something this page does not understand',
  status: 200,
  detail: '',
  code: 'not_understood',
  advice: 'Load the page again: it may be older than the cloud.',
};

import { expect, it } from 'vitest';
import { admit, newToken } from '../../../src/dashboard/server/guard.ts';

const token = 'secret';
const ask = (url: string, host = '127.0.0.1:8228', method = 'GET') =>
  admit({ method, url, headers: host === '' ? {} : { host } }, token);

it('lets in who knows the token, under any loopback name and port', () => {
  const wanted = { path: '/api/run', query: new URLSearchParams('run=a') };
  for (const host of ['127.0.0.1:8228', 'localhost', 'LOCALHOST:9', '[::1]:8228'])
    expect(ask('/secret/api/run?run=a', host)).toEqual(wanted);
});

it.each([
  ['/', '127.0.0.1', 'GET', 403],
  ['/secre/api/run', '127.0.0.1', 'GET', 403],
  ['/secrets/api/run', '127.0.0.1', 'GET', 403],
  ['//secret/api/run', '127.0.0.1', 'GET', 403],
  ['/secret/', 'evil.example', 'GET', 403],
  ['/secret/', 'evil.example:8228', 'GET', 403],
  ['/secret/', '127.0.0.1.evil.example', 'GET', 403],
  ['/secret/', '', 'GET', 403],
  ['/secret/', '127.0.0.1', 'POST', 405],
  ['/secret/', '127.0.0.1', 'OPTIONS', 405],
])('refuses %s of %s by %s: %d', (url, host, method, status) => {
  expect(ask(url, host, method)).toMatchObject({ status });
});

it('makes tokens that nobody guesses', () => {
  const tokens = Array.from({ length: 50 }, newToken);
  expect(new Set(tokens).size).toBe(50);
  for (const one of tokens) expect(one).toMatch(/^[\w-]{32}$/);
});

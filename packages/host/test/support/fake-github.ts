/** The little of api.github.com that gh asks for, to whoever has the token: for tests. */
export function answerGithubApi(request: Request, token: string): Response {
  const given = request.headers.get('authorization') ?? '';
  if (given !== `token ${token}` && given !== `Bearer ${token}`) {
    return Response.json({ message: 'Bad credentials' }, { status: 401 });
  }
  const { pathname } = new URL(request.url);
  const route = `${request.method} ${pathname}`;
  const headers = { 'X-OAuth-Scopes': 'repo, read:org' };
  if (route === 'GET /')
    return Response.json({ current_user_url: 'https://api.github.com/user' }, { headers });
  if (route === 'GET /user') return Response.json({ login: 'ada', id: 1 }, { headers });
  // `gh auth status` asks here who it is.
  if (route === 'POST /graphql') return Response.json({ data: { viewer: { login: 'ada' } } }, { headers });
  if (route === 'GET /repos/acme/shop') return Response.json({ full_name: 'acme/shop' }, { headers });
  return Response.json({ message: 'Not Found' }, { status: 404, headers });
}

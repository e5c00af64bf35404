// An OpenID Connect provider for tests: `node oidc_provider.js '{"clients": [...], "userinfo": false}'`.
// It prints its issuer when it is ready, and ends when its standard input is closed.
import { generateKeyPairSync } from "node:crypto";
import { createServer } from "node:http";
import { exit, argv, stdin } from "node:process";

import Provider from "oidc-provider";

// By the name that a person types into the provider's form; any password is right.
const USERS = {
  ada: { email: "ada@acme.example", email_verified: true, name: "Ada", hd: "acme.example", groups: ["data-admins"] },
  bob: { email: "bob@acme.example", email_verified: false, name: "Bob", hd: "acme.example", groups: [] },
  grace: { email: "grace@globex.example", email_verified: true, name: "Grace", hd: "globex.example", groups: ["staff"] },
  olga: { email: "olga@vendor.example", email_verified: true, name: "Olga", hd: "vendor.example", groups: [] },
  zoe: { email: "zoe@elsewhere.example", email_verified: true, name: "Zoë", groups: [] },
};

function signingKeys() {
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  return { keys: [{ ...privateKey.export({ format: "jwk" }), use: "sig", alg: "RS256", kid: "test" }] };
}

function configuration({ clients, userinfo }) {
  return {
    clients,
    jwks: signingKeys(),
    cookies: { keys: ["for tests alone"] },
    claims: { email: ["email", "email_verified"], profile: ["name", "hd"], groups: ["groups"] },
    scopes: ["openid", "email", "profile", "groups"],
    // With true, an ID token has no claims that the userinfo endpoint has.
    conformIdTokenClaims: userinfo,
    features: { backchannelLogout: { enabled: true }, devInteractions: { enabled: true } },
    findAccount: (_context, id) => USERS[id] && { accountId: id, claims: () => ({ sub: id, ...USERS[id] }) },
    // Its own dispatcher refuses addresses of this machine.
    fetch: (url, options) => globalThis.fetch(url, { ...options, dispatcher: undefined }),
    ttl: { AccessToken: 600, AuthorizationCode: 60, Grant: 3600, IdToken: 600, Interaction: 600, Session: 3600 },
  };
}

const server = createServer();
server.listen(0, "127.0.0.1", () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  server.on("request", new Provider(issuer, configuration(JSON.parse(argv[2]))).callback());
  console.log(issuer);
});
stdin.on("end", () => exit(0));
stdin.resume();

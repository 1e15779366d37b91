export {
  ABSENT,
  evolve,
  type AccessToken,
  type AccessTokenEvent,
  type Grant,
  type IssuedToken,
} from "./access-token.ts";
export { decide, type AccessTokenCommand, type AccessTokenDecision, type RequestedGrant } from "./decide.ts";
export { isScope, SCOPES, type Scope } from "./scope.ts";
export { ACCESS_WORDS } from "./words.ts";

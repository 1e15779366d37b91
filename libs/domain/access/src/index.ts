export { isScope, SCOPES, type Scope } from "./scope.ts";

export { sign, type Signable } from "./sign.ts";
export {
  createPrivateSigningKey,
  createSigningSecret,
  MAX_SECRET_BYTES,
  MIN_SECRET_BYTES,
  parseSigningSecret,
  type ParsedSigningSecret,
  type SigningKey,
} from "./signing-key.ts";

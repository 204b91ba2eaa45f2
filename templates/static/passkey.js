// Asks the browser for a passkey and sends its answer with the form. The only script there is; it runs on no other page
// (docs/decisions/0039).
"use strict";
(() => {
  const form = document.getElementById("passkey");
  const show = (id, shown) => { document.getElementById(id).hidden = !shown; };
  show("passkey-unscripted", false);
  if (!window.PublicKeyCredential || !navigator.credentials) {
    show("passkey-none", true);
    return;
  }

  const bytes = (text) =>
    Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (sign) => sign.charCodeAt(0));
  const text = (buffer) =>
    btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  const listed = (found) => (found || []).map((one) => ({ ...one, id: bytes(one.id) }));

  const options = JSON.parse(form.dataset.options);
  options.challenge = bytes(options.challenge);
  options.excludeCredentials = listed(options.excludeCredentials);
  options.allowCredentials = listed(options.allowCredentials);
  if (options.user) options.user.id = bytes(options.user.id);

  const answered = (made) => {
    const said = made.response;
    const response = { clientDataJSON: text(said.clientDataJSON) };
    if (said.attestationObject) response.attestationObject = text(said.attestationObject);
    if (said.authenticatorData) response.authenticatorData = text(said.authenticatorData);
    if (said.signature) response.signature = text(said.signature);
    if (said.userHandle) response.userHandle = text(said.userHandle);
    return JSON.stringify({ id: made.id, rawId: text(made.rawId), type: made.type, response });
  };

  const ask = async () => {
    show("passkey-failed", false);
    try {
      const made = await navigator.credentials[form.dataset.does]({ publicKey: options });
      form.elements.answer.value = answered(made);
      form.submit();
    } catch {
      show("passkey-failed", true);
    }
  };

  form.hidden = false;
  document.getElementById("passkey-again").addEventListener("click", ask);
  ask();
})();

import { debounced, throttled } from "/static/throttle.js";
import { equal, test } from "./harness.js";

test("many calls at once do the work once at once and once later", async () => {
  let done = 0;
  let twice;
  const finished = new Promise((resolve) => { twice = resolve; });
  const call = throttled(() => { done += 1; if (done === 2) twice(); }, 30);
  call(); call(); call();
  await new Promise((resolve) => { setTimeout(resolve, 0); });
  equal(done <= 1, true);
  call(); call();
  await new Promise((resolve) => { setTimeout(resolve, 5); });
  call();
  await finished;
  equal(done, 2);
  call.cancel();
});

test("a paused typist is heard once, with the last word", async () => {
  const heard = [];
  const spoken = new Promise((resolve) => {
    const say = debounced((word) => { heard.push(word); resolve(); }, 20);
    say("a"); say("ab"); say("abc");
  });
  await spoken;
  equal(heard, ["abc"]);
});

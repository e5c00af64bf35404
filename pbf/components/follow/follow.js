// Runs the fragment around it again once what the page shows has changed.

import { openFollower } from "./asking.js";

const followers = new WeakMap();

export default function follow({ data, parentElement, setTriggerValue }) {
  const mark = parentElement.querySelector("span");
  if (!followers.has(mark)) {
    const theme = () => getComputedStyle(parentElement.host ?? mark).getPropertyValue("--st-background-color");
    followers.set(mark, openFollower(document, theme));
  }
  const follower = followers.get(mark);
  follower.show(data, () => setTriggerValue("changed", true));
  return () => {
    followers.delete(mark);
    follower.close();
  };
}

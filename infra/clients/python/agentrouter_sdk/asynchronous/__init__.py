"""The asynchronous client. The blocking one is made from these files: what is `await`ed here returns there."""

"""What nodes say to each other: who asks has a `link`, who leads a `speaker` at its other end."""

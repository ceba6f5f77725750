"""The course kit: assignments cut out of minigrad, checked and graded offline."""

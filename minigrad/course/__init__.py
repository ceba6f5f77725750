"""The course kit: assignments cut out of minigrad's own source, checked and graded fairly.

`minigrad course new` hands one out, `check` helps the student, `grade` marks what comes back.
"""

"""The process that a student's file runs in. It needs Python and NumPy only, nothing of minigrad.

minigrad.course.remote starts it and says what each of its protections stops, and what not.
"""
